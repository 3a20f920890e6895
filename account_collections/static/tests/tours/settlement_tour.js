import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("account_collections_settlement", {
    steps: () => [
        {
            content: "Open the case from the worklist",
            trigger:
                ".o_data_row:contains('Tour Debtor') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            content: "Compare the ways out",
            trigger: ".o_notebook .nav-link:contains('Ways Out')",
            run: "click",
        },
        {
            content: "A settlement would bring 80 %",
            trigger: "[name='ways_out']:contains('200.00 or more')",
        },
        {
            content: "The customer pays a part",
            trigger: "button[name='action_offer_settlement']",
            run: "click",
        },
        {
            content: "Enter what is paid",
            trigger: ".modal [name='amount'] input",
            run: "edit 200",
        },
        {
            content: "The rest is written off",
            trigger: ".modal [name='nature'] input[data-value='impairment']",
            run: "click",
        },
        {
            content: "The screen says that the taxes stay",
            trigger: ".modal .alert:contains('left to the accountant')",
        },
        {
            content: "No: the price is lowered",
            trigger: ".modal [name='nature'] input[data-value='concession']",
            run: "click",
        },
        {
            content: "What is given up is shown",
            trigger: ".modal [name='amount_waived']:contains('50.00')",
        },
        {
            content: "Offer it",
            trigger: ".modal button[name='action_offer']:not(.d-none)",
            run: "click",
        },
        {
            content: "It is offered",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Offered')",
        },
        {
            content: "The customer accepts",
            trigger: ".o_statusbar_buttons button:contains('Accepted')",
            run: "click",
        },
        {
            content: "Say who",
            trigger: ".modal [name='name'] input",
            run: "edit Ms Lovelace",
        },
        {
            content: "Record it",
            trigger: ".modal button[name='action_accept']",
            run: "click",
        },
        {
            content: "It is accepted",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Accepted')",
        },
        {
            content: "The payment is expected",
            trigger: "[name='commitment_ids'] .o_data_row:contains('200.00')",
        },
    ],
});
