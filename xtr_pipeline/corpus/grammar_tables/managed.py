"""The tables of Java, Kotlin, Scala and C#."""

from __future__ import annotations

from xtr_pipeline.corpus.grammars import Grammar

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
