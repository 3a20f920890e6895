from . import account_collection_letter_report
from . import account_collection_statement_report
