from math import isfinite, nan

from odoo.exceptions import UserError
from odoo.tools.misc import formatLang


def to_number(value):
    """Read a number that came from outside.

    :param value: whatever was sent
    :return: the number; NaN, which no comparison accepts, for what is none
    :rtype: float
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        return nan
    return number if isfinite(number) else nan


def check_numbers(model, vals):
    """Refuse what is no number, which Odoo could not round, in the lines too.

    :param model: the model that is written to
    :param dict vals: the values to be written
    :raise UserError: naming the field
    """
    for name, value in vals.items():
        field = model._fields.get(name)
        if field and field.type == "one2many":
            for command in value or []:
                if isinstance(command, list | tuple) and isinstance(command[-1], dict):
                    check_numbers(model.env[field.comodel_name], command[-1])
        elif (
            field
            and field.type in ("float", "monetary")
            and not isfinite(to_number(value or 0))
        ):
            raise UserError(
                model.env._(
                    "Enter a number for: %s", field._description_string(model.env)
                )
            )


def format_number(env, number):
    """Write a number as the language of the context does, with the decimals that it
    has, six at most.

    :param env: the environment
    :param float number: the number
    :rtype: str
    """
    decimals = f"{number:.6f}".rstrip("0").partition(".")[2]
    return formatLang(env, number, digits=len(decimals))
