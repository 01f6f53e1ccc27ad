"""core.sqlfile: header + SELECT, and every fault of a header in one message."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollalog.core.errors import SqlFileError
from ollalog.core.sqlfile import SqlFile, parse_sql, read_sql_file

GOOD = """-- [view]
-- purpose = "requests by model"
-- grain   = ["model"]
-- needs   = ["requests"]
-- [columns]
-- model    = "as logged"
-- requests = "how many"
SELECT 1
"""


def parsed(text: str) -> SqlFile:
    return parse_sql(text, name="by_model", path="sql/views/by_model.sql", kind="view")


def fault(text: str) -> str:
    with pytest.raises(SqlFileError) as caught:
        parsed(text)
    assert caught.value.fix, "a usage error always has a fix"
    return str(caught.value)


def test_header_and_select_are_told_apart() -> None:
    file = parsed(GOOD + "  ;\n")
    assert (file.purpose, file.grain, file.needs, file.select) == ("requests by model", ("model",), ("requests",), "SELECT 1")
    assert list(file.columns) == ["model", "requests"]


def test_a_view_is_kept_when_its_header_says_so() -> None:
    assert not parsed(GOOD).keep
    assert parsed(GOOD.replace('["requests"]', '["requests"]\n-- keep = true')).keep


def test_comments_after_the_header_belong_to_the_select() -> None:
    assert parsed(GOOD.replace("SELECT 1", "WITH a AS (\n-- why\nSELECT 1) SELECT 2")).select.startswith("WITH a AS (\n-- why")


def test_all_faults_are_reported_at_once_with_their_lines() -> None:
    """R7."""
    text = (
        GOOD.replace("purpose", "purpos").replace('["model"]', '["modell"]').replace('"how many"', "3").replace("SELECT 1", "DROP TABLE x")
    )
    message = fault(text)
    assert "5 faults" in message
    for part in ("unknown key 'purpos'", "did you mean 'purpose'?", "by_model.sql:2", "'purpose' is missing", "did you mean 'model'?"):
        assert part in message
    assert "by_model.sql:7" in message
    assert "no SELECT after the header" in message


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('["requests"]', '"requests"', ("'needs' is not a list of texts", "by_model.sql:4", 'write: -- needs = ["requests"]')),
        ('"requests by model"', '""', ("'purpose' is not text in quotes",)),
        ('["requests"]', '["requests"]\n-- keep = "yes"', ("'keep' is not true", "by_model.sql:5", "write: -- keep = true")),
        ('["model"]', "[1]", ("'grain' is not a list of texts",)),
        ("-- [columns]\n", "", ("unknown key 'model'", "no table [columns]")),
        ("[view]", "[alert]", ("unknown table [alert]", "no table [view]")),
        ('"as logged"', '"as logged', ("the header is no TOML", "by_model.sql:6")),
        ("SELECT 1", "", ("no SELECT after the header", "nothing", "by_model.sql:8")),
    ],
)
def test_each_fault_says_where_and_how_to_mend_it(before: str, after: str, words: tuple[str, ...]) -> None:
    message = fault(GOOD.replace(before, after))
    for word in words:
        assert word in message, message


def test_a_file_without_header_lacks_both_tables() -> None:
    message = fault("SELECT 1")
    assert "no table [view]" in message
    assert "no table [columns]" in message


def test_the_name_of_the_file_is_the_name_of_the_object(tmp_path: Path) -> None:
    path = tmp_path / "by_hour.sql"
    path.write_text(GOOD, encoding="utf-8")
    assert read_sql_file(path, "view").name == "by_hour"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "by_hour.sql"
    path.write_bytes(b"-- \xff")
    with pytest.raises(SqlFileError, match="not UTF-8"):
        read_sql_file(path, "view")
