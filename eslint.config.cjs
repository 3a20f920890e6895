const js = require("@eslint/js");
const globals = require("globals");

module.exports = [
    js.configs.recommended,
    {
        files: ["**/static/**/*.js"],
        languageOptions: {
            ecmaVersion: 2024,
            sourceType: "module",
            globals: {...globals.browser, odoo: "readonly", owl: "readonly"},
        },
        rules: {
            "array-callback-return": "error",
            curly: ["error", "multi-line"],
            eqeqeq: "error",
            "no-console": "error",
            "no-eval": "error",
            "no-shadow": "error",
            "no-var": "error",
            "prefer-const": "error",
        },
    },
];
