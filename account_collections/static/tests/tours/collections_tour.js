import {registry} from "@web/core/registry";

const openMenu = (name) => [
    {
        content: "Open the menu of Collections",
        trigger: ".o_menu_sections button:contains('Collections')",
        run: "click",
    },
    {
        content: `Open ${name}`,
        trigger: `.o-dropdown--menu .dropdown-item:contains('${name}')`,
        run: "click",
    },
];

registry.category("web_tour.tours").add("account_collections_run", {
    steps: () => [
        {
            content: "The worklist shows who owes late money",
            trigger: ".o_list_view .o_data_row:contains('Tour Overdue')",
        },
        {
            content: "The priority is shown with its parts",
            trigger:
                ".o_data_row:contains('Tour Overdue') .o_collection_priority .progress-bar",
        },
        ...openMenu("Runs"),
        {
            content: "Create a run",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Plan it",
            trigger: "button[name='action_plan']",
            run: "click",
        },
        {
            content: "The totals by step are there",
            trigger:
                "[name='contact_total_ids'] .o_data_row:contains('First reminder')",
        },
        {
            content: "Look at the customers to contact",
            trigger: ".o_notebook .nav-link:contains('To Contact')",
            run: "click",
        },
        {
            content: "Take one out",
            trigger: ".o_data_row:contains('Tour Dropped') button[name='action_drop']",
            run: "click",
        },
        {
            content: "They are out, and it says why",
            trigger:
                ".o_data_row:contains('Tour Dropped'):contains('Taken out by hand')",
        },
        {
            content: "Look at the customers left alone",
            trigger: ".o_notebook .nav-link:contains('Left Alone')",
            run: "click",
        },
        {
            content: "The reason for silence is given in words",
            trigger: ".o_data_row:contains('Tour Held'):contains('set by hand')",
        },
        {
            content: "Execute the run",
            trigger: "button[name='action_confirm_execute']",
            run: "click",
        },
        {
            content: "It says how many customers will be contacted",
            trigger: ".modal [name='customer_count']:contains('1')",
        },
        {
            content: "Contact them",
            trigger: ".modal button[name='action_execute']",
            run: "click",
        },
        {
            content: "The run is done",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Done')",
        },
        {
            content: "Everybody was handled",
            trigger: ".o_collection_run_progress:contains('2 of 2')",
        },
    ],
});

registry.category("web_tour.tours").add("account_collections_case", {
    steps: () => [
        {
            content: "Open the case",
            trigger:
                ".o_data_row:contains('Tour Overdue') .o_data_cell[name='partner_id']",
            run: "click",
        },
        {
            content: "The open items are there",
            trigger: "[name='item_ids'] .o_data_row:contains('250.00')",
        },
        {
            content: "Log a call",
            trigger: "button[name='action_log_contact']",
            run: "click",
        },
        {
            content: "Say what was said",
            trigger: ".modal [name='note'] textarea",
            run: "edit Pays on Friday",
        },
        {
            content: "Log it",
            trigger: ".modal button[name='action_log']",
            run: "click",
        },
        {
            content: "Look at the history",
            trigger:
                "body:not(:has(.modal)) .o_notebook .nav-link:contains('Contacts')",
            run: "click",
        },
        {
            content: "The call is in the history",
            trigger: "[name='contact_ids'] .o_data_row:contains('Pays on Friday')",
        },
        {
            content: "Do not contact them for a while",
            trigger: "button[name='action_hold']",
            run: "click",
        },
        {
            content: "Say why",
            trigger: ".modal [name='note'] input",
            run: "edit Waits for a credit note",
        },
        {
            content: "Hold",
            trigger: ".modal button[name='action_hold']",
            run: "click",
        },
        {
            content: "Look at the open items",
            trigger:
                "body:not(:has(.modal)) .o_notebook .nav-link:contains('Open Items')",
            run: "click",
        },
        {
            content: "The open item is held, and it says why",
            trigger:
                "[name='item_ids'] .o_data_row:contains('Waits for a credit note')",
        },
    ],
});
