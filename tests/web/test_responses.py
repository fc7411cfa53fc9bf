"""Responses of what views return."""

from flask import Flask

from shortener.web import responses


def test_documents_become_compact_unescaped_json() -> None:
    responses.register(app := Flask("answers"))
    with app.test_request_context():
        answer = app.make_response(({"text": "犬", "links": []}, 201, {"Location": "https://s.example.com/x"}))
    assert answer.data == '{"text":"犬","links":[]}\n'.encode()
    assert dict(answer.get_wsgi_headers({})) == {
        "Content-Type": "application/json",
        "Content-Length": str(len(answer.data)),
        "Location": "https://s.example.com/x",
    }


def test_answers_without_content_have_no_length() -> None:
    responses.register(app := Flask("answers"))
    with app.test_request_context():
        answer = app.make_response(("", 204))
    assert "Content-Length" not in answer.get_wsgi_headers({})
