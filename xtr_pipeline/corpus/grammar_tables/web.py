"""The tables of JavaScript, TypeScript, TSX and PHP."""

from __future__ import annotations

from xtr_pipeline.corpus.grammars import Grammar

JAVASCRIPT_QUERY = """
    (function_declaration name: (_) @name) @function
    (generator_function_declaration name: (_) @name) @function
    (method_definition name: (_) @name) @function
    (variable_declarator name: (identifier) @name
        value: [(arrow_function) (function_expression) (generator_function)]) @function
    (assignment_expression left: [(member_expression) (identifier)] @name
        right: [(arrow_function) (function_expression) (generator_function)]) @function
    (pair key: (_) @name value: [(arrow_function) (function_expression) (generator_function)]) @function
    (class_declaration name: (_) @name) @type
    (variable_declarator name: (identifier) @name value: (class)) @type
    (comment) @comment
    """

JAVASCRIPT_WRAPPERS = ("export_statement", "lexical_declaration", "variable_declaration", "expression_statement")

JAVASCRIPT = Grammar(
    language="javascript",
    package="tree_sitter_javascript",
    extensions=(".js", ".jsx", ".mjs", ".cjs"),
    interpreters=("node", "nodejs"),
    wrappers=JAVASCRIPT_WRAPPERS,
    query=JAVASCRIPT_QUERY
    + """
    (field_definition property: (_) @name value: [(arrow_function) (function_expression)]) @function
    """,
)

TYPESCRIPT_QUERY = (
    JAVASCRIPT_QUERY
    + """
    (public_field_definition name: (_) @name value: [(arrow_function) (function_expression)]) @function
    (abstract_class_declaration name: (_) @name) @type
    (interface_declaration name: (_) @name) @type
    (enum_declaration name: (_) @name) @type
    (type_alias_declaration name: (_) @name) @type
    (internal_module name: (identifier) @name) @scope
    (decorator) @leading
    """
)

TYPESCRIPT = Grammar(
    language="typescript",
    package="tree_sitter_typescript",
    entry="language_typescript",
    extensions=(".ts", ".mts", ".cts"),
    interpreters=("deno", "bun", "ts-node", "tsx"),
    wrappers=JAVASCRIPT_WRAPPERS,
    query=TYPESCRIPT_QUERY,
)

TSX = Grammar(
    language="tsx",
    package="tree_sitter_typescript",
    entry="language_tsx",
    extensions=(".tsx",),
    wrappers=JAVASCRIPT_WRAPPERS,
    query=TYPESCRIPT_QUERY,
)

PHP = Grammar(
    language="php",
    package="tree_sitter_php",
    entry="language_php",
    extensions=(".php", ".phtml", ".inc"),
    interpreters=("php",),
    separator="::",
    query="""
    (function_definition name: (_) @name) @function
    (method_declaration name: (_) @name) @function
    (class_declaration name: (_) @name) @type
    (interface_declaration name: (_) @name) @type
    (trait_declaration name: (_) @name) @type
    (enum_declaration name: (_) @name) @type
    (comment) @comment
    """,
)
