import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("account_collections_barter", {
    steps: () => [
        {
            content: "Open the case from the worklist",
            trigger:
                ".o_data_row:contains('Tour Debtor') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            content: "The customer gives something instead of money",
            trigger: "button[name='action_propose_barter']",
            run: "click",
        },
        {
            content: "What is owed is shown",
            trigger: ".modal [name='amount_free']:contains('250.00')",
        },
        {
            content: "Add what is given",
            trigger: ".modal [name='given_ids'] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            content: "A referral",
            trigger: ".modal [name='given_ids'] [name='name'] input",
            run: "edit Referral",
        },
        {
            content: "Its value",
            trigger: ".modal [name='given_ids'] [name='price_unit'] input",
            run: "edit 200",
        },
        {
            content: "Leave the line",
            trigger: ".modal [name='value_note'] textarea",
            run: "edit As in their price list",
        },
        {
            content: "What is left to collect is shown before anything is saved",
            trigger: ".modal [name='amount_left']:contains('50.00')",
        },
        {
            content: "Propose it",
            trigger: ".modal button[name='action_propose']",
            run: "click",
        },
        {
            content: "It waits for the customer",
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains('Proposed')",
        },
    ],
});

registry.category("web_tour.tours").add("account_collections_barter_settle", {
    steps: () => [
        {
            content: "Note the delivery",
            trigger: "button[name='action_open_delivery']",
            run: "click",
        },
        {
            content: "What is still to come is proposed",
            trigger: ".modal [name='line_ids'] .o_data_row:contains('Referral')",
        },
        {
            content: "Accept it",
            trigger: ".modal button[name='action_deliver']",
            run: "click",
        },
        {
            content: "Settle the barter",
            trigger: "body:not(:has(.modal)) button[name='action_settle']",
            run: "click",
        },
        {
            content: "Confirm",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "It is settled",
            trigger:
                "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains('Settled')",
        },
        {
            content: "Look at the bill and the netting entry",
            trigger: "button[name='action_view_moves']",
            run: "click",
        },
        {
            content: "Both are there",
            trigger: ".o_list_view .o_data_row:nth-child(2)",
        },
    ],
});
