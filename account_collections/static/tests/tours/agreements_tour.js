import {registry} from "@web/core/registry";

const openCase = [
    {
        content: "Open the case from the worklist",
        trigger: ".o_data_row:contains('Tour Debtor') .o_data_cell[name='partner_id']",
        run: "click",
    },
];

registry.category("web_tour.tours").add("account_collections_promise", {
    steps: () => [
        ...openCase,
        {
            content: "The customer promises to pay",
            trigger: "button[name='action_promise']:contains('Promise')",
            run: "click",
        },
        {
            content: "Everything overdue is proposed, in full",
            trigger: ".modal [name='amount_free']:contains('250.00')",
        },
        {
            content: "The policy's limits are shown",
            trigger: ".modal [name='limits']:contains('days ahead')",
        },
        {
            content: "Promise a part of it",
            trigger: ".modal [name='amount'] input",
            run: "edit 200",
        },
        {
            content: "Say who gave it",
            trigger: ".modal [name='given_by'] input",
            run: "edit Ms Lovelace",
        },
        {
            content: "Confirm",
            trigger: ".modal button[name='action_confirm']",
            run: "click",
        },
        {
            content: "It is confirmed in words",
            trigger: ".o_notification:contains('200.00')",
        },
        {
            content: "Look at what is agreed",
            trigger:
                "body:not(:has(.modal)) .o_notebook .nav-link:contains('Agreements')",
            run: "click",
        },
        {
            content: "The payment is expected",
            trigger: "[name='commitment_ids'] .o_data_row:contains('200.00')",
        },
        {
            content: "Open the promise",
            trigger: "[name='agreement_ids'] .o_data_row button[name='action_open']",
            run: "click",
        },
        {
            content: "It is open",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Open')",
        },
    ],
});

registry.category("web_tour.tours").add("account_collections_plan", {
    steps: () => [
        ...openCase,
        {
            content: "The customer asks for installments",
            trigger: "button[name='action_propose_plan']",
            run: "click",
        },
        {
            content: "More than the policy allows",
            trigger: ".modal [name='number'] input",
            run: "edit 5",
        },
        {
            content: "Take the number over",
            trigger: ".modal [name='amount'] input",
            run: "click",
        },
        {
            content: "The whole schedule is shown",
            trigger: ".modal [name='installment_ids'] .o_data_row:nth-child(5)",
        },
        {
            content: "It says that a manager has to approve it",
            trigger: ".modal [name='limits_exceeded']",
        },
        {
            content: "Propose it",
            trigger: ".modal button[name='action_propose']",
            run: "click",
        },
        {
            content: "It is proposed",
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains('Proposed')",
        },
        {
            content: "The manager activates it",
            trigger: "button[name='action_activate']",
            run: "click",
        },
        {
            content: "It is active",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Active')",
        },
        {
            content: "Its installments are expected",
            trigger: "[name='installment_ids'] .o_data_row:contains('50.00')",
        },
    ],
});

registry.category("web_tour.tours").add("account_collections_dispute", {
    steps: () => [
        {
            content: "Open the actions of the invoice",
            trigger: ".o_cp_action_menus button:has(.fa-cog)",
            run: "click",
        },
        {
            content: "The customer disputes it",
            trigger: ".o-dropdown--menu .o_menu_item:contains('Dispute')",
            run: "click",
        },
        {
            content: "Choose why",
            trigger: "[name='reason_id'] input",
            run: "edit Price",
        },
        {
            content: "Take the reason",
            trigger: ".ui-autocomplete .dropdown-item:contains('Price')",
            run: "click",
        },
        {
            content: "Only a part is disputed",
            trigger: "[name='amount'] input",
            run: "edit 50",
        },
        {
            content: "Write down the words",
            trigger: "[name='description'] textarea",
            run: "edit We agreed on 10% less",
        },
        {
            content: "Register it",
            trigger: "button[name='action_confirm']",
            run: "click",
        },
        {
            content: "Look into it",
            trigger: "button[name='action_investigate']",
            run: "click",
        },
        {
            content: "Settle it",
            trigger: "button[name='action_open_resolution']",
            run: "click",
        },
        {
            content: "The customer is right",
            trigger: ".modal button[name='action_resolve']",
            run: "click",
        },
        {
            content: "A credit note is prepared",
            trigger: "body:not(:has(.modal)) .o_form_view [name='invoice_line_ids']",
        },
    ],
});

registry.category("web_tour.tours").add("account_collections_return", {
    steps: () => [
        ...openCase,
        {
            content: "The customer sends goods back",
            trigger: "button[name='action_return']",
            run: "click",
        },
        {
            content: "All that can come back is listed",
            trigger: ".modal [name='return_line_ids'] .o_data_row td[name='quantity']",
            run: "click",
        },
        {
            content: "All of it comes back",
            trigger: ".modal .o_selected_row [name='quantity'] input",
            run: "edit 1",
        },
        {
            content: "A tenth is kept",
            trigger: ".modal .o_selected_row [name='restocking_percent'] input",
            run: "edit 10",
        },
        {
            content: "Take the numbers over",
            trigger: ".modal [name='packing'] textarea",
            run: "edit In the original box",
        },
        {
            content: "It shows what is left to pay",
            trigger: ".modal [name='amount_after']:contains('25.00')",
        },
        {
            content: "Authorize it",
            trigger: ".modal button[name='action_authorize']",
            run: "click",
        },
        {
            content: "The goods arrive",
            trigger: "body:not(:has(.modal)) button[name='action_open_receipt']",
            run: "click",
        },
        {
            content: "All of them are accepted",
            trigger: ".modal button[name='action_receive']",
            run: "click",
        },
        {
            content: "Credit them",
            trigger: "body:not(:has(.modal)) button[name='action_credit']",
            run: "click",
        },
        {
            content: "The credit note is posted",
            trigger:
                ".o_form_view [name='state'] .o_arrow_button_current:contains('Posted')",
        },
    ],
});
