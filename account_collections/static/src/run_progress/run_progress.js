import {Component, onWillUnmount, useEffect} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const SECONDS_BETWEEN_LOOKS = 4;

/**
 * Shows how far a dunning run has come, and keeps the form up to date while the
 * scheduler is at work on it.
 */
export class CollectionRunProgress extends Component {
    static template = "account_collections.RunProgress";
    static props = {...standardWidgetProps};

    setup() {
        useEffect(
            (state) => {
                this.stopLooking();
                if (state === "running") {
                    this.timer = setInterval(
                        () => this.look(),
                        SECONDS_BETWEEN_LOOKS * 1000
                    );
                }
            },
            () => [this.props.record.data.state]
        );
        onWillUnmount(() => this.stopLooking());
    }

    get total() {
        return this.props.record.data.contact_count;
    }

    get handled() {
        return this.props.record.data.handled_count;
    }

    get percentage() {
        return this.total ? Math.floor((100 * this.handled) / this.total) : 0;
    }

    stopLooking() {
        clearInterval(this.timer);
    }

    async look() {
        if (!document.hidden && !this.props.record.dirty) {
            await this.props.record.load();
        }
    }
}

export const collectionRunProgress = {
    component: CollectionRunProgress,
    fieldDependencies: [
        {name: "state", type: "selection"},
        {name: "contact_count", type: "integer"},
        {name: "handled_count", type: "integer"},
    ],
};

registry.category("view_widgets").add("collection_run_progress", collectionRunProgress);
