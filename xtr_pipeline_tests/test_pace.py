"""When the next line is due, and how rate and time left are spelled."""

from xtr_pipeline.pace import Pace, clock_text, rate_text


def test_a_line_is_due_at_once_and_then_every_so_many_seconds():
    pace = Pace(10)
    assert [pace.due(now) for now in (0, 9.9, 10, 19.9, 20)] == [True, False, True, False, True]


def test_the_first_line_can_wait():
    pace = Pace(10, 100)
    assert [pace.due(now) for now in (100, 109, 110)] == [False, False, True]


def test_what_must_not_be_missed_is_due_and_the_wait_begins_anew():
    pace = Pace(10, 0)
    assert pace.due(5, surely=True)
    assert not pace.due(14)
    assert pace.due(15)


def test_time_left_is_minutes_and_seconds_or_a_question_mark():
    assert [clock_text(seconds) for seconds in (0, 65.9, 3_600, None, float("inf"))] == [
        "0:00",
        "1:05",
        "60:00",
        "?",
        "?",
    ]
    assert rate_text(5_177.4, 15) == "5,177 tokens/s, ETA 0:15"
