def prepare_dialog(model, name, **context):
    """Prepare the action that opens a form in a dialog.

    :param str model: the model of the form
    :param str name: the title
    :param context: the context of the form, such as its defaults
    :return: a window action
    :rtype: dict
    """
    return {
        "type": "ir.actions.act_window",
        "name": name,
        "res_model": model,
        "view_mode": "form",
        "target": "new",
        "context": context,
    }
