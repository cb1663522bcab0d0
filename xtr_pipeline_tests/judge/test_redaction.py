"""Secrets are replaced before a text leaves, and innocent code is left alone."""

import pytest

from xtr_pipeline.judge.redaction import redact

# joined at run time, so that no scanner takes this file for a leak
SECRETS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "xoxb-" + "123456789012-1234567890123-abcdefghijklmnopqrstuvwx",
    "d41d8cd98f00b204" + "e9800998ecf8427ec2d3",
]
LINE = "MIIEowIBAAKCAQEA" * 4
KEY = f"-----BEGIN RSA PRIVATE {'KEY'}-----\n{LINE}\n{LINE}\nabcdef==\n-----END RSA PRIVATE {'KEY'}-----"


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_replaced_by_its_type(secret: str) -> None:
    redacted = redact(f'token = "{secret}"\nprint(1)')
    assert secret not in redacted.text
    assert "[REDACTED " in redacted.text
    assert redacted.text.endswith("\nprint(1)")
    assert sum(redacted.found.values()) >= 1


def test_a_password_in_an_assignment_is_replaced() -> None:
    assert "correct-horse" not in redact('password = "correct-horse"').text


def test_credentials_in_a_url_are_replaced() -> None:
    assert "s3cr3tpw" not in redact('url = "postgres://bob:s3cr3tpw@db/x"').text


def test_a_private_key_is_replaced_as_a_block() -> None:
    redacted = redact(f"before\n{KEY}\nafter")
    assert redacted.text == "before\n[REDACTED Private Key]\nafter"
    assert redacted.found == {"Private Key": 1}


def test_a_private_key_without_an_end_is_replaced_up_to_the_closing_marker() -> None:
    text = KEY.partition("\n-----END")[0] + "\n[END UNIT A 0011aabb]\nrest"
    assert redact(text).text == "[REDACTED Private Key]\n[END UNIT A 0011aabb]\nrest"
    assert "IBAAKCAQEA" not in redact(text).text


def test_a_private_key_in_a_string_literal_is_replaced() -> None:
    literal = KEY.replace("\n", "\\n")
    assert redact(f'key = "{literal}"').text == 'key = "[REDACTED Private Key]"'


def test_a_private_key_of_many_literals_is_replaced() -> None:
    source = "\n".join(f'    "{line}\\n"' for line in KEY.split("\n"))
    assert "IBAAKCAQEA" not in redact(source).text


def test_code_that_only_names_the_header_of_a_key_is_left_alone() -> None:
    code = f'boundary = b"-----BEGIN PRIVATE {"KEY"}-----\\n"\nchunks = split(boundary, file.read())\nreturn chunks'
    assert redact(code).text == code


def test_code_cannot_declare_its_secret_harmless() -> None:
    assert SECRETS[0] not in redact(f'key = "{SECRETS[0]}"  # pragma: allowlist secret').text


@pytest.mark.parametrize(
    "code",
    [
        'ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"',
        "def check(password, secret): return password == secret",
        'parser.add_argument("--password", help="the password to log in with")',
        "for token in tokens: yield token.text",
        'raise ValueError("expected a number between 1 and 5")',
    ],
)
def test_innocent_code_is_left_alone(code: str) -> None:
    assert redact(code).text == code
    assert redact(code).found == {}
