"""Run one measurement inside Odoo: `python -m benchmarks NAME DATABASE ARGUMENTS`.

ARGUMENTS is a JSON object, the configuration file of Odoo is in ODOO_RC. Lines of
progress go to standard output, the result is the last one, as JSON.
"""

import importlib
import json
import os
import sys
import warnings

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config


def main(name, database, arguments):
    warnings.simplefilter("ignore")
    config.parse_config(
        ["-c", os.environ["ODOO_RC"], "-d", database, "--log-level=warn"],
        setup_logging=True,
    )
    module = importlib.import_module(f"benchmarks.{name}")
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC"})
        result = module.measure(env, **json.loads(arguments))
        cr.rollback()
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
