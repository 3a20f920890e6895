from . import account_collection_demo
from . import account_collection_barter_demo
from . import account_collection_fee_demo
from . import account_collection_return_demo
