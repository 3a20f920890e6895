# Fed to `odoo shell`: plan and execute one dunning run over the demo receivables.
# The letters stay in the queue, which the demonstration's own mail server empties.

run = env["account.collection.run"].create({"company_id": env.company.id})  # noqa: F821
run.action_plan()
run.action_execute()
# The first page would otherwise wait for these.
env["ir.qweb"]._pregenerate_assets_bundles()  # noqa: F821
env.cr.commit()  # noqa: F821
