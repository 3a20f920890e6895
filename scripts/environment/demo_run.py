# Fed to `odoo shell`: plan and execute one dunning run over the demo receivables.
# The letters stay in the queue, which the demonstration's own mail server empties.

admin = env.ref("base.user_admin")  # noqa: F821
runs = env["account.collection.run"].with_user(admin)  # noqa: F821
run = runs.create({"company_id": admin.company_id.id})
run.action_plan()
run.action_execute()
# Whoever logs in is where the work is.
worklist = env.ref("account_collections.account_collection_case_action")  # noqa: F821
admin.action_id = worklist.id
# The first page would otherwise wait for these.
for bundle in ("web.assets_web", "web.assets_frontend"):
    assets = env["ir.qweb"]._get_asset_bundle(bundle)  # noqa: F821
    assets.js()
    assets.css()
env.cr.commit()  # noqa: F821
