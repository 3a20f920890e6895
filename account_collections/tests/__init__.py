from . import test_decision
from . import test_execution
from . import test_evaluation
from . import test_promise
from . import test_commitment_reminder
from . import test_policy
from . import test_hold
