"""One small file a language, with the units and docstrings that it must give."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    path: str
    language: str
    text: str
    units: tuple[tuple[str, str], ...]
    docstrings: dict[str, str] = field(default_factory=dict)


SAMPLES = (
    Sample(
        "pkg/queue.py",
        "python",
        '''"""Queues for jobs."""
import os

LIMIT = 10


@dataclass
class Job:
    """A unit of work.

    Holds a name.
    """

    name: str

    @property
    def title(self) -> str:
        """The name, capitalised."""
        return self.name.title()


# runs forever
async def run(jobs):
    """Runs jobs one by one."""
    for job in jobs:
        await job
''',
        (("module", "queue"), ("type", "Job"), ("method", "Job.title"), ("function", "run")),
        {
            "queue": "Queues for jobs.",
            "Job": "A unit of work.\n\nHolds a name.",
            "Job.title": "The name, capitalised.",
            "run": "Runs jobs one by one.",
        },
    ),
    Sample(
        "src/ring.rs",
        "rust",
        """//! A ring buffer.
use std::fmt;

/// Holds the last items.
#[derive(Debug)]
pub struct Ring<T> {
    items: Vec<T>,
}

impl<T> Ring<T> {
    /// Adds an item.
    ///
    /// Drops the oldest.
    #[inline]
    pub fn push(&mut self, item: T) {
        self.items.push(item);
    }
}

impl<T> fmt::Display for Ring<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ring")
    }
}

mod tools {
    pub fn twice(n: u8) -> u8 {
        n * 2
    }
}

macro_rules! ring {
    () => { Ring::new() };
}
""",
        (
            ("module", "ring"),
            ("type", "Ring"),
            ("impl", "impl Ring"),
            ("method", "Ring::push"),
            ("impl", "impl fmt::Display for Ring"),
            ("method", "<Ring as fmt::Display>::fmt"),
            ("function", "tools::twice"),
            ("function", "ring"),
        ),
        {"Ring": "Holds the last items.", "Ring::push": "Adds an item.\n\nDrops the oldest."},
    ),
    Sample(
        "ring.c",
        "c",
        """#include <stdio.h>
#define LIMIT 10

/* A node of the list. */
typedef struct node {
    int value;
    struct node *next;
} node_t;

/*
 * Sums all values.
 * Returns zero for an empty list.
 */
static int
sum(const node_t *head)
{
    int total = 0;
    for (; head; head = head->next)
        total += head->value;
    return total;
}

char **names(void) { return 0; }
""",
        (("module", "ring"), ("type", "node_t"), ("function", "sum"), ("function", "names")),
        {"node_t": "A node of the list.", "sum": "Sums all values.\nReturns zero for an empty list."},
    ),
    Sample(
        "cache.cpp",
        "cpp",
        """#include "cache.h"
namespace store {

/// Keeps what was used last.
template <typename K>
class Cache {
 public:
  // Looks a key up.
  int find(const K& key) const { return 0; }
 private:
  int size_;
};

// Throws everything away.
void Table::clear() {
  rows_.clear();
}

const Row& Table::row(int index) const { return rows_[index]; }

bool operator==(const Cache<int>& a, const Cache<int>& b) { return true; }
}  // namespace store
""",
        (
            ("type", "store::Cache"),
            ("method", "store::Cache::find"),
            ("method", "store::Table::clear"),
            ("method", "store::Table::row"),
            ("function", "store::operator=="),
        ),
        {"store::Cache": "Keeps what was used last.", "store::Table::clear": "Throws everything away."},
    ),
    Sample(
        "app.js",
        "javascript",
        """const fs = require('fs');

/**
 * Reads a file.
 * @param {string} path
 */
export const read = async (path) => {
  return fs.readFile(path);
};

class Store {
  // Saves it all.
  save() {
    return 1;
  }
}

module.exports.load = function (path) {
  return path;
};
""",
        (("function", "read"), ("type", "Store"), ("method", "Store.save"), ("function", "module.exports.load")),
        {"read": "Reads a file.\n@param {string} path", "Store.save": "Saves it all."},
    ),
    Sample(
        "app.ts",
        "typescript",
        """import { x } from './x';

/** A point in the plane. */
export interface Point {
  x: number;
}

type Pair = [number, number];

export abstract class Shape {
  protected area: number = 0;
  /** Grows it. */
  grow(by: number): void {
    this.area += by;
  }
}

export function make(): Point {
  return { x: 1 };
}
""",
        (("type", "Point"), ("type", "Pair"), ("type", "Shape"), ("method", "Shape.grow"), ("function", "make")),
        {"Point": "A point in the plane.", "Shape.grow": "Grows it."},
    ),
    Sample(
        "view.tsx",
        "tsx",
        "// Greets.\nexport function Hello(props: Props) {\n  return <p>Hello {props.name}</p>;\n}\n",
        (("function", "Hello"),),
        {"Hello": "Greets."},
    ),
    Sample(
        "serve.go",
        "go",
        """// Package serve answers requests.
package serve

import "net"

// Server listens.
type Server[K any] struct {
	addr string
}

// Start begins to listen.
// It blocks.
func (s *Server[K]) Start() error {
	return nil
}

func New() *Server[int] {
	return nil
}
""",
        (("module", "serve"), ("type", "Server"), ("method", "Server.Start"), ("function", "New")),
        {
            "serve": "Package serve answers requests.",
            "Server": "Server listens.",
            "Server.Start": "Start begins to listen.\nIt blocks.",
        },
    ),
    Sample(
        "Account.java",
        "java",
        """package bank;

/** Holds money. */
public class Account {
    private long cents;

    public Account(long cents) {
        this.cents = cents;
    }

    /**
     * Adds money.
     */
    @Override
    public void deposit(long cents) {
        this.cents += cents;
    }
}
""",
        (("type", "Account"), ("method", "Account.Account"), ("method", "Account.deposit")),
        {"Account": "Holds money.", "Account.deposit": "Adds money."},
    ),
    Sample(
        "user.rb",
        "ruby",
        """require 'json'

module App
  # A person.
  class User
    attr_reader :name

    # Says hello.
    def greet
      "hi #{name}"
    end

    def self.find(id)
      new(id)
    end
  end
end
""",
        (("type", "App"), ("type", "App::User"), ("method", "App::User::greet"), ("method", "App::User::find")),
        {"App::User": "A person.", "App::User::greet": "Says hello."},
    ),
    Sample(
        "Order.cs",
        "csharp",
        """using System;

namespace Shop
{
    /// Something bought.
    public class Order
    {
        public int Id { get; set; }

        // Adds it up.
        public int Total(int tax)
        {
            return Id + tax;
        }
    }
}
""",
        (("type", "Order"), ("method", "Order.Total")),
        {"Order": "Something bought.", "Order.Total": "Adds it up."},
    ),
    Sample(
        "Repo.kt",
        "kotlin",
        """package data

/** Stores things. */
class Repo(val path: String) {
    // Loads one.
    fun load(id: Int): String {
        return path
    }
}

object Registry {
    val all = listOf<Repo>()
}

fun String.shout(): String {
    return uppercase()
}
""",
        (("type", "Repo"), ("method", "Repo.load"), ("type", "Registry"), ("function", "shout")),
        {"Repo": "Stores things.", "Repo.load": "Loads one."},
    ),
    Sample(
        "Tree.scala",
        "scala",
        """package trees

/** A tree of values. */
sealed trait Tree[A] {
  def size: Int
}

object Tree {
  // Makes a leaf.
  def leaf[A](a: A): Tree[A] = {
    Leaf(a)
  }
}

case class Leaf[A](a: A)
""",
        (("type", "Tree"), ("method", "Tree.leaf"), ("type", "Leaf")),
        {"Tree.leaf": "Makes a leaf."},
    ),
    Sample(
        "View.swift",
        "swift",
        """import UIKit

/// Shows a thing.
class View: Base {
    var size = 1

    init(size: Int) {
        self.size = size
    }
}

extension View {
    // Draws it.
    func draw() {
        print(size)
    }
}

protocol Drawable {
    func draw()
}
""",
        (
            ("type", "View"),
            ("method", "View.init"),
            ("impl", "extension View"),
            ("method", "View.draw"),
            ("type", "Drawable"),
        ),
        {"View": "Shows a thing.", "View.draw": "Draws it."},
    ),
    Sample(
        "Mailer.php",
        "php",
        """<?php
namespace App;

/**
 * Sends mail.
 */
class Mailer
{
    private $host;

    /** Sends one. */
    public function send($to)
    {
        return mail($to);
    }
}

function helper() {
    return 1;
}
""",
        (("type", "Mailer"), ("method", "Mailer::send"), ("function", "helper")),
        {"Mailer": "Sends mail.", "Mailer::send": "Sends one."},
    ),
    Sample(
        "mod.lua",
        "lua",
        """local M = {}

-- Adds two numbers.
function M.add(a, b)
  return a + b
end

local function hidden()
  return 1
end

M.sub = function(a, b)
  return a - b
end

return M
""",
        (("function", "M.add"), ("function", "hidden"), ("function", "M.sub")),
        {"M.add": "Adds two numbers."},
    ),
    Sample(
        "deploy.sh",
        "bash",
        """#!/bin/bash
set -e

# Copies everything.
copy_all() {
  cp -r src "$1"
}

copy_all /tmp
""",
        (("module", "deploy"), ("function", "copy_all")),
        {"copy_all": "Copies everything."},
    ),
    Sample(
        "counter.ex",
        "elixir",
        '''defmodule App.Counter do
  @moduledoc """
  Counts things.
  """

  @doc "Adds one."
  @spec add(integer) :: integer
  def add(n) when n > 0 do
    n + 1
  end

  defp hidden, do: 1
end
''',
        (("type", "App.Counter"), ("method", "App.Counter.add"), ("method", "App.Counter.hidden")),
        {"App.Counter": "Counts things.", "App.Counter.add": "Adds one."},
    ),
    Sample(
        "fast.pyx",
        "cython",
        '''# cython: language_level=3
from libc.stdlib cimport malloc

cdef extern from "fast.h":
    int fast_sum(const char *data, size_t length)

cdef class Buffer:
    """Raw bytes."""
    cdef char *data

    def __cinit__(self, int size,
                  bint zero=False):
        self.data = <char *> malloc(size)

    cpdef int total(self) except -1:
        """Sums the bytes."""
        return fast_sum(self.data, 3)

cdef inline unsigned int _hash(const unsigned char[:] data, size_t n) nogil:
    cdef unsigned int h = 0
    for i from 0 <= i < n:
        h += data[i]
    return h
''',
        (
            ("module", "fast"),
            ("type", "Buffer"),
            ("method", "Buffer.__cinit__"),
            ("method", "Buffer.total"),
            ("function", "_hash"),
        ),
        {"Buffer": "Raw bytes.", "Buffer.total": "Sums the bytes."},
    ),
)
