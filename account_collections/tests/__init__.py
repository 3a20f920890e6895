from . import test_decision
from . import test_execution
from . import test_evaluation
from . import test_promise
from . import test_commitment_reminder
