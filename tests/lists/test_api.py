"""Lists by the API: made, changed, filled, decided about, within the reach of the key."""

import json
from typing import Any

import pytest
from django.test import Client

from mailcore.directory import keys, users
from mailcore.directory.models import User
from mailcore.lists.models import MailingList, Member, Post
from tests.lists.cast import letter, make_list, run, send

pytestmark = pytest.mark.django_db


class Caller:
    def __init__(self) -> None:
        root = users.create(login="root-admin", password="correct horse battery", role=User.Role.ROOT)
        _, self.key = keys.create(owner=root, name="test", scopes=("lists:read", "lists:write"))

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.key}"}
        answer = Client().generic(method, f"/api/v1/{path}", json.dumps(body), "application/json", headers=headers)
        return answer.status_code, json.loads(answer.content) if answer.content else None


def test_a_list_by_the_api() -> None:
    make_list()
    call = Caller()
    status, made = call("POST", "lists", {"address": "news@here.test", "title": "News", "post_policy": "announcement"})
    assert (status, made["members"]) == (201, 0)
    at = f"lists/{made['id']}"
    assert call("POST", "lists", {"address": "news@here.test"})[0] == 409
    assert call("PATCH", at, {"subject_prefix": "[News]", "is_enabled": False})[1]["is_enabled"] is False
    assert call("PATCH", at, {"subject_prefix": "a\r\nBcc: x@y.z"})[0] == 400
    status, member = call("POST", f"{at}/members", {"email": "ann@far.test", "role": "owner"})
    assert (status, member["status"]) == (201, "active")
    assert call("POST", f"{at}/members", {"email": "ann@far.test"})[0] == 409
    assert call("PATCH", f"{at}/members/{member['id']}", {"mode": "digest"})[1]["mode"] == "digest"
    assert [one["email"] for one in call("GET", f"{at}/members?q=ann")[1]["results"]] == ["ann@far.test"]
    assert call("DELETE", f"{at}/members/{member['id']}")[0] == 204
    assert Member.objects.count() == 1
    assert call("DELETE", at)[0] == 204
    assert MailingList.objects.count() == 1


def test_held_posts_by_the_api() -> None:
    row = make_list()
    send(letter("zoe@far.test"))
    run()
    call = Caller()
    _, found = call("GET", f"lists/{row.pk}/held")
    (post,) = found["results"]
    assert post["reason"] == "zoe@far.test is not a member"
    path = f"lists/{row.pk}/held/{post['id']}"
    assert call("POST", path, {"decision": "approve"})[0] == 204
    assert call("POST", path, {"decision": "discard"})[0] == 409
    assert Post.objects.get().decided_by.startswith("root-admin")
