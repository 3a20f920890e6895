from . import base_partner_merge
from . import account_collection_assign
from . import account_collection_contact_log
from . import account_collection_dispute_resolve
from . import account_collection_handover
from . import account_collection_hold_set
from . import account_collection_run_execute
from . import account_collection_letter_preview
