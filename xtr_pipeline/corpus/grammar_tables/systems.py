"""The tables of Rust, C, C++, Go and Swift."""

from __future__ import annotations

from xtr_pipeline.corpus.grammars import Grammar

RUST = Grammar(
    language="rust",
    package="tree_sitter_rust",
    extensions=(".rs",),
    separator="::",
    query="""
    (function_item name: (_) @name) @function
    (function_signature_item name: (_) @name) @function
    (macro_definition name: (_) @name) @function
    (struct_item name: (_) @name) @type
    (enum_item name: (_) @name) @type
    (union_item name: (_) @name) @type
    (trait_item name: (_) @name) @type
    (impl_item trait: (_)? @trait type: (_) @name) @impl
    (mod_item name: (_) @name body: (_)) @scope
    (line_comment) @comment
    (block_comment) @comment
    (attribute_item) @leading
    """,
)

C_QUERY = """
    (function_definition declarator: (_) @name) @function
    (struct_specifier name: (_) @name body: (_)) @type
    (union_specifier name: (_) @name body: (_)) @type
    (enum_specifier name: (_) @name body: (_)) @type
    (type_definition type: (struct_specifier body: (_)) declarator: (_) @name) @type
    (type_definition type: (union_specifier body: (_)) declarator: (_) @name) @type
    (type_definition type: (enum_specifier body: (_)) declarator: (_) @name) @type
    (comment) @comment
    """

C = Grammar(
    language="c",
    package="tree_sitter_c",
    extensions=(".c", ".h"),
    separator="::",
    query=C_QUERY
    + """
    (preproc_function_def name: (_) @name) @function
    """,
)

CPP = Grammar(
    language="cpp",
    package="tree_sitter_cpp",
    extensions=(".cc", ".cpp", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".tpp", ".inl", ".cu", ".cuh"),
    separator="::",
    wrappers=("template_declaration",),
    query=C_QUERY
    + """
    (preproc_function_def name: (_) @name) @function
    (class_specifier name: (_) @name body: (_)) @type
    (concept_definition name: (_) @name) @type
    (namespace_definition name: (_) @name) @scope
    """,
)

GO = Grammar(
    language="go",
    package="tree_sitter_go",
    extensions=(".go",),
    wrappers=("type_declaration",),
    query="""
    (function_declaration name: (_) @name) @function
    (method_declaration receiver: (_) @owner name: (_) @name) @function
    (type_spec name: (_) @name) @type
    (comment) @comment
    """,
)

SWIFT = Grammar(
    language="swift",
    package="tree_sitter_swift",
    extensions=(".swift",),
    impl_word="extension",
    query="""
    (function_declaration name: (_) @name) @function
    (protocol_function_declaration name: (_) @name) @function
    (init_declaration "init" @name) @function
    (deinit_declaration "deinit" @name) @function
    (class_declaration name: (type_identifier) @name) @type
    (class_declaration name: (user_type) @name) @impl
    (protocol_declaration name: (_) @name) @type
    [(comment) (multiline_comment)] @comment
    """,
)
