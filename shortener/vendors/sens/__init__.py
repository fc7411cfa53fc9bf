"""NAVER SENS's wire format: SMS and FriendTalk."""
