"""One table per language, as data: which syntax makes a function, a type, a scope (captures: see grammars.py)."""

from __future__ import annotations

from dataclasses import replace

from xtr_pipeline.corpus.cython_syntax import as_python
from xtr_pipeline.corpus.grammars import Grammar

PYTHON = Grammar(
    language="python",
    package="tree_sitter_python",
    extensions=(".py", ".pyi", ".pyw"),
    interpreters=("python", "python2", "python3", "pypy", "pypy3"),
    file_names=("sconstruct", "sconscript", "wscript"),
    wrappers=("decorated_definition",),
    comments_are_docs=False,
    query="""
    (function_definition name: (_) @name) @function
    (function_definition body: (block . (comment)* . (expression_statement . (string) @doc .))) @function
    (class_definition name: (_) @name) @type
    (class_definition body: (block . (comment)* . (expression_statement . (string) @doc .))) @type
    (module . (comment)* . (expression_statement . (string) @doc .)) @module
    (comment) @comment
    """,
)

CYTHON = replace(
    PYTHON,
    language="cython",
    extensions=(".pyx", ".pxd", ".pxi"),
    interpreters=(),
    file_names=(),
    rewrite=as_python,
)

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

JAVA = Grammar(
    language="java",
    package="tree_sitter_java",
    extensions=(".java",),
    query="""
    (method_declaration name: (_) @name) @function
    (constructor_declaration name: (_) @name) @function
    (compact_constructor_declaration name: (_) @name) @function
    (class_declaration name: (_) @name) @type
    (interface_declaration name: (_) @name) @type
    (enum_declaration name: (_) @name) @type
    (record_declaration name: (_) @name) @type
    (annotation_type_declaration name: (_) @name) @type
    [(line_comment) (block_comment)] @comment
    """,
)

RUBY = Grammar(
    language="ruby",
    package="tree_sitter_ruby",
    extensions=(".rb", ".rake", ".gemspec", ".ru"),
    interpreters=("ruby", "jruby"),
    file_names=("rakefile", "gemfile", "vagrantfile", "podfile", "guardfile", "capfile"),
    separator="::",
    query="""
    (method name: (_) @name) @function
    (singleton_method name: (_) @name) @function
    (class name: (_) @name) @type
    (module name: (_) @name) @type
    (comment) @comment
    """,
)

C_SHARP = Grammar(
    language="csharp",
    package="tree_sitter_c_sharp",
    extensions=(".cs", ".csx"),
    query="""
    (method_declaration name: (_) @name) @function
    (constructor_declaration name: (_) @name) @function
    (destructor_declaration name: (_) @name) @function
    (operator_declaration operator: (_) @name) @function
    (local_function_statement name: (_) @name) @function
    (class_declaration name: (_) @name) @type
    (struct_declaration name: (_) @name) @type
    (interface_declaration name: (_) @name) @type
    (enum_declaration name: (_) @name) @type
    (record_declaration name: (_) @name) @type
    (comment) @comment
    """,
)

KOTLIN = Grammar(
    language="kotlin",
    package="tree_sitter_kotlin",
    extensions=(".kt", ".kts"),
    query="""
    (function_declaration name: (_) @name) @function
    (secondary_constructor) @function
    (class_declaration name: (_) @name) @type
    (object_declaration name: (_) @name) @type
    [(line_comment) (block_comment)] @comment
    """,
)

SCALA = Grammar(
    language="scala",
    package="tree_sitter_scala",
    extensions=(".scala", ".sc", ".sbt"),
    query="""
    (function_definition name: (_) @name) @function
    (function_declaration name: (_) @name) @function
    (class_definition name: (_) @name) @type
    (object_definition name: (_) @name) @type
    (trait_definition name: (_) @name) @type
    (enum_definition name: (_) @name) @type
    [(comment) (block_comment)] @comment
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

LUA = Grammar(
    language="lua",
    package="tree_sitter_lua",
    extensions=(".lua",),
    interpreters=("lua", "luajit"),
    wrappers=("variable_declaration",),
    query="""
    (function_declaration name: (_) @name) @function
    (assignment_statement (variable_list . name: (_) @name) (expression_list . value: (function_definition))) @function
    (field name: (_) @name value: (function_definition)) @function
    (comment) @comment
    """,
)

BASH = Grammar(
    language="bash",
    package="tree_sitter_bash",
    extensions=(".sh", ".bash", ".bats", ".zsh", ".ksh"),
    interpreters=("sh", "bash", "zsh", "dash", "ksh", "ash"),
    query="""
    (function_definition name: (_) @name) @function
    (comment) @comment
    """,
)

ELIXIR_FUNCTION = '"def" "defp" "defmacro" "defmacrop" "defguard" "defguardp" "defdelegate" "defn" "defnp"'

ELIXIR = Grammar(
    language="elixir",
    package="tree_sitter_elixir",
    extensions=(".ex", ".exs"),
    interpreters=("elixir",),
    query=f"""
    (call target: (identifier) @_word (arguments . (alias) @name)
        (#any-of? @_word "defmodule" "defprotocol" "defimpl")) @type
    (call target: (identifier) @_word (arguments . [
        (identifier) @name
        (call target: (identifier) @name)
        (binary_operator left: (call target: (identifier) @name))])
        (#any-of? @_word {ELIXIR_FUNCTION})) @function
    (call target: (identifier) @_word
        (do_block (unary_operator operand: (call target: (identifier) @_attribute)) @doc)
        (#eq? @_word "defmodule") (#eq? @_attribute "moduledoc")) @type
    (unary_operator operand: (call target: (identifier) @_attribute)
        (#eq? @_attribute "doc")) @doc_attribute
    (unary_operator operand: (call target: (identifier) @_attribute)
        (#any-of? @_attribute "spec" "impl" "deprecated" "since")) @leading
    (comment) @comment
    """,
)

GRAMMARS: tuple[Grammar, ...] = (
    PYTHON,
    CYTHON,
    RUST,
    C,
    CPP,
    JAVASCRIPT,
    TYPESCRIPT,
    TSX,
    GO,
    JAVA,
    RUBY,
    C_SHARP,
    KOTLIN,
    SCALA,
    SWIFT,
    PHP,
    LUA,
    BASH,
    ELIXIR,
)
