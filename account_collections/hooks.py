def post_init_hook(env):
    """Give the companies that exist already the usual policy."""
    env["res.company"].search([])._create_default_collection_policy()


def uninstall_hook(env):
    """Take away what Odoo's uninstallation would leave behind."""
