import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("account_collections_fee", {
    steps: () => [
        {
            content: "Open the case from the worklist",
            trigger:
                ".o_data_row:contains('Tour Debtor') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            content: "Look at what paying late costs",
            trigger: "button[name='action_charge_fee']",
            run: "click",
        },
        {
            content: "The calculation is shown",
            trigger: ".modal .o_data_row:contains('at 10.00 % a year for 12 days')",
        },
        {
            content: "Send it later",
            trigger: ".modal [name='is_sent'] input",
            run: "uncheck",
        },
        {
            content: "Charge it",
            trigger: ".modal button[name='action_charge']",
            run: "click",
        },
        {
            content: "The invoice shows the calculation",
            trigger:
                "body:not(:has(.modal)) [name='invoice_line_ids'] .o_data_row:contains('for 12 days')",
        },
        {
            content: "Go to the late fees",
            trigger: ".o_menu_sections button:contains('Collections')",
            run: "click",
        },
        {
            content: "Open them",
            trigger: ".o-dropdown-item:contains('Late Fees')",
            run: "click",
        },
        {
            content: "Open the fee",
            trigger:
                ".o_list_view .o_data_row:contains('Tour Debtor') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            content: "Waive it",
            trigger: ".o_form_view button[name='action_open_waiver']",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal [name='reason'] input",
            run: "edit Pays reliably otherwise",
        },
        {
            content: "Confirm",
            trigger: ".modal button[name='action_waive']",
            run: "click",
        },
        {
            content: "It is waived",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Waived')",
        },
        {
            content: "The reason and the credit note are there",
            trigger: "[name='waive_reason']:contains('Pays reliably otherwise')",
        },
    ],
});
