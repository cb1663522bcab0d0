"""The grading rubric: the text that every judge reads, versioned because a paraphrase moves agreement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RubricChange:
    """One version of the rubric, and what it means for grades that were given under the versions before it.

    Attributes:
        version: As in the ledger.
        reasks: The older grades that must be given again; all others stand, since a judgment is paid for once.
    """

    version: str
    reasks: frozenset[int] = frozenset()


# oldest first; a change of RUBRIC is one more entry here
RUBRIC_CHANGES = (RubricChange("r1"),)
RUBRIC_VERSION = RUBRIC_CHANGES[-1].version

GRADE_MEANINGS: dict[int, str] = {
    5: "exactly what the query asks for",
    4: "a right place: the developer would accept it",
    3: "related, but not the place",
    2: "shares words or topic only",
    1: "unrelated",
}

RUBRIC = """\
A developer typed the query into a code search engine over this repository. They know what they want the software to
do, not what anything is called. Each unit is one search result: they open it, read it, and either stop looking or
go on.

5  Exactly what the query asks for. The behaviour in the query is done (or, for a query about a data shape, a
   setting or a rule: defined) in the lines shown, and it is the main thing these lines do. The developer stops
   here, satisfied.

4  A right place. The developer accepts it as an answer, because a substantial part of what is asked happens in the
   lines shown: it does what is asked among other things, or does one real step of it, or is one of several places
   that do it together (one of two back ends, the half that decides while another half carries out, the type whose
   fields ARE the thing asked for). If they had to change that behaviour, they would edit these very lines.

3  Related, but not the place. The same feature or mechanism, and it may lead there, but what is asked is not done
   in the lines shown: a caller, a thin wrapper or re-export that only passes the call on, a declaration without the
   behaviour, the set-up, parsing or reporting around it, a test of it, the inverse operation (write for read, encode
   for decode), the same operation on another kind of thing, an error type, an option that merely switches it on.
   "Close; I have to go on from here."

2  Shares words or a broad topic only. Another feature that uses the same vocabulary, data or subsystem. It would
   not help.

1  Unrelated.

The line between 3 and 4 decides everything; put each unit on one side of it deliberately:
- Point at the lines. If you can point at lines shown that carry out (or define) a substantial part of what the
  query asks, 4 or 5. If you can only say what the unit calls, feeds, configures, declares or resembles, 3 at most.
- The edit test: "to change this behaviour I would edit THIS code" is 4 or 5; "I would start reading here, then go
  elsewhere" is 3.
- A condition in the query counts. If it names a circumstance, a direction or an object (only when offline,
  decoding, for folders) and the unit does the same thing without it or for something else, 3.
- Pieces. Long definitions are cut into parts, and a type is shown as its head with the signatures of its members. A
  piece gets 4, not 5, when its documentation, head or fields make plain that this very definition has exactly the
  asked behaviour as its job, even where the lines that do it come in a later part. It gets 3 when what is asked is
  the work of another part or of one member among several. A part in which a step of it is done gets 4 or 5 as usual.

Rules
- Judge what the code does. Shared words are no evidence for a grade, different words are none against it. Names,
  comments and docstrings may help you understand, but code that does not do what they promise gets the grade of
  what it does.
- Judge each unit on its own against the query, not against the other units. Several may be 5; none may be.
- Their order is random. Where two units do the same thing equally well, give them the same grade.
- Be sober: in a typical list of twelve, one to three units deserve 4 or 5, a few 3, and most 2 or 1.
"""
