"""What ``scripts/demo`` and ``scripts/test`` share: Odoo, PostgreSQL and Python.

Standard library only, and readable by any Python 3: these files run before the
virtual environment exists, and have to say so when a Python is too old.
"""
