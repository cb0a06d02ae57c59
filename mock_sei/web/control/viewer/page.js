"use strict";

// Swagger UI has a dark mode and no setting for it.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

// What screen readers miss in Swagger UI: the first part of the page is no landmark, the headings
// skip a level, and the field for a body has no name.
const forScreenReaders = ({ React: { createElement } }) => ({
  wrapComponents: {
    InfoContainer: (Original) => (properties) =>
      createElement(
        "header",
        { role: "banner" }, // Swagger UI has it in a section, where a header is none
        createElement(Original, properties),
        createElement("h2", null, "Calls"),
      ),
    TextArea: (Original) => (properties) =>
      createElement(Original, { "aria-label": "Request body", ...properties }),
  },
});

if (window.SwaggerUIBundle) {
  SwaggerUIBundle({
    url: "../openapi.json",
    dom_id: "#reference",
    plugins: [forScreenReaders],
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    syntaxHighlight: false, // it takes 15 seconds for an answer of 200 KB
    tryItOutEnabled: true,
    validatorUrl: null, // else a service elsewhere checks the document
  });
}
