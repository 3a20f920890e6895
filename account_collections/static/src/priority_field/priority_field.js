import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

// The parts of the priority of a case, in the order of their weight.
const PARTS = [
    {name: "priority_amount", color: "bg-primary"},
    {name: "priority_days", color: "bg-warning"},
    {name: "priority_silence", color: "bg-info"},
    {name: "priority_contact", color: "bg-danger"},
];

/**
 * Shows the priority of a case and the parts that it is made of.
 */
export class CollectionPriorityField extends Component {
    static template = "account_collections.PriorityField";
    static props = {...standardFieldProps, compact: {type: Boolean, optional: true}};

    get total() {
        return this.props.record.data[this.props.name];
    }

    get parts() {
        return PARTS.map((part) => ({
            ...part,
            points: this.props.record.data[part.name],
        })).filter((part) => part.points);
    }

    get explanation() {
        return this.props.record.data.priority_explanation || "";
    }
}

export const collectionPriorityField = {
    component: CollectionPriorityField,
    displayName: _t("Collection Priority"),
    supportedTypes: ["integer"],
    fieldDependencies: [
        {name: "priority_explanation", type: "char"},
        ...PARTS.map((part) => ({name: part.name, type: "integer"})),
    ],
    extractProps: ({options}) => ({compact: Boolean(options.compact)}),
};

registry.category("fields").add("collection_priority", collectionPriorityField);
