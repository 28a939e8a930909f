import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules/", ".town-ator/"] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // An Output in a template string becomes an error text instead of its value: use pulumi.interpolate.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-base-to-string": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      eqeqeq: "error",
      // Prettier wraps code, and leaves comments as they are.
      "max-len": ["error", { code: 10_000, comments: 120, ignoreUrls: true }],
    },
  },
  {
    files: ["test/unit/**", "test/graph/**"],
    rules: {
      // Workers keep their modules from file to file (vitest.config.mts), so a mock works or not by the files' order.
      "no-restricted-syntax": [
        "error",
        { selector: "MemberExpression[object.name='vi'][property.name='mock']", message: "Pass what differs." },
      ],
    },
  },
  {
    files: ["**/*.cjs", "**/*.mjs"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        Buffer: "readonly",
        setTimeout: "readonly",
        clearTimeout: "readonly",
      },
    },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);
