"""A social network: the design of that name in AWS's collection of schema designs.

item        PK                  SK
user        u#<user>            info
counts      u#<user>            count
follower    u#<user>#follower   u#<follower>
following   u#<user>#following  u#<followed>
post        u#<user>#post       p#<post>
like        p#<post>#likelist   u#<user>
likes       p#<post>#likecount  count
timeline    u#<user>#timeline   p#<post>#u#<author>
"""

from __future__ import annotations

from datetime import datetime

import adorm

social = adorm.SingleTable("social")


@adorm.model(table=social)
class UserInfo:
    user_id: str
    name: str
    content: str = ""
    image_url: str | None = None

    @adorm.key
    def key(self, user_id: str) -> adorm.KeyText:
        return f"u#{user_id}", "info"


@adorm.model(table=social)
class UserCounts:
    user_id: str
    followers: int = 0
    following: int = 0
    posts: int = 0

    @adorm.key
    def key(self, user_id: str) -> adorm.KeyText:
        return f"u#{user_id}", "count"


@adorm.model(table=social)
class Follower:
    user_id: str
    follower_id: str

    @adorm.key
    def key(self, user_id: str, follower_id: str) -> adorm.KeyText:
        return f"u#{user_id}#follower", f"u#{follower_id}"


@adorm.model(table=social)
class Following:
    user_id: str
    followed_id: str

    @adorm.key
    def key(self, user_id: str, followed_id: str) -> adorm.KeyText:
        return f"u#{user_id}#following", f"u#{followed_id}"


@adorm.model(table=social)
class Post:
    user_id: str
    post_id: str
    content: str
    posted_at: datetime = adorm.created_at()

    @adorm.key
    def key(self, user_id: str, post_id: str) -> adorm.KeyText:
        return f"u#{user_id}#post", f"p#{post_id}"


@adorm.model(table=social)
class Like:
    post_id: str
    user_id: str

    @adorm.key
    def key(self, post_id: str, user_id: str) -> adorm.KeyText:
        return f"p#{post_id}#likelist", f"u#{user_id}"


@adorm.model(table=social)
class LikeCount:
    post_id: str
    likes: int = 0

    @adorm.key
    def key(self, post_id: str) -> adorm.KeyText:
        return f"p#{post_id}#likecount", "count"


@adorm.model(table=social)
class TimelineEntry:
    user_id: str
    post_id: str
    author_id: str
    expires_at: datetime | None = adorm.ttl()

    @adorm.key
    def key(self, user_id: str, post_id: str, author_id: str) -> adorm.KeyText:
        return f"u#{user_id}#timeline", f"p#{post_id}#u#{author_id}"
