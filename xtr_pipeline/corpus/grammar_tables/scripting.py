"""The tables of Ruby, Lua, Bash and Elixir."""

from __future__ import annotations

from xtr_pipeline.corpus.grammars import Grammar

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
