"""Mailing lists over the wire. Checked for shape only; meaning is checked by the core."""

from typing import Any

from rest_framework import serializers

from mailcore.lists.models import MailingList, Member, Post


class ListShape(serializers.ModelSerializer[MailingList]):
    address = serializers.CharField(read_only=True)
    is_enabled = serializers.BooleanField(source="address.is_enabled", read_only=True)
    members = serializers.IntegerField(source="member_count", read_only=True)
    held = serializers.IntegerField(source="held_count", read_only=True)

    class Meta:
        model = MailingList
        fields = (
            "id", "address", "title", "description", "post_policy", "outsiders", "join_policy", "subject_prefix", "reply_to", "max_bytes",
            "bounce_limit", "is_enabled", "members", "held",
        )  # fmt: skip
        read_only_fields = fields


class ListPatch(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=100, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    post_policy = serializers.ChoiceField(MailingList.PostPolicy.choices, required=False)
    outsiders = serializers.ChoiceField(MailingList.Outsiders.choices, required=False)
    join_policy = serializers.ChoiceField(MailingList.JoinPolicy.choices, required=False)
    subject_prefix = serializers.CharField(max_length=40, required=False, allow_blank=True)
    reply_to = serializers.ChoiceField(MailingList.ReplyTo.choices, required=False)
    max_bytes = serializers.IntegerField(min_value=1_000, max_value=100_000_000, required=False)
    bounce_limit = serializers.FloatField(min_value=1, max_value=100, required=False)
    is_enabled = serializers.BooleanField(required=False)


class NewList(ListPatch):
    address = serializers.CharField(max_length=320)


class MemberShape(serializers.ModelSerializer[Member]):
    class Meta:
        model = Member
        fields = ("id", "email", "name", "role", "mode", "own_posts", "is_hidden", "status", "bounce_score")
        read_only_fields = fields


class MemberPatch(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    role = serializers.ChoiceField(Member.Role.choices, required=False)
    mode = serializers.ChoiceField(Member.Mode.choices, required=False)
    own_posts = serializers.BooleanField(required=False)
    is_hidden = serializers.BooleanField(required=False)


class NewMember(MemberPatch):
    email = serializers.CharField(max_length=320)


class HeldPostShape(serializers.ModelSerializer[Post]):
    class Meta:
        model = Post
        fields = ("id", "author", "subject", "message_id", "size", "reason", "source_trace", "at")
        read_only_fields = fields


class Decision(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(("approve", "reject", "discard"))
    reason = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
