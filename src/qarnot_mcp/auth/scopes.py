"""The two scopes of a sign-in: what a token lets its client do."""

READ_SCOPE = "qarnot:read"
WRITE_SCOPE = "qarnot:write"
SCOPES = (READ_SCOPE, WRITE_SCOPE)


def granted_scopes(requested: str | None) -> list[str]:
    """Return the scopes to grant for a space-separated request.

    Unknown ones are left out, not refused: clients add their own (`offline_access`). Reading is always granted, and a
    request that names neither scope gets both.
    """
    known = [scope for scope in SCOPES if scope in (requested or "").split()]
    if not known:
        return list(SCOPES)
    return [READ_SCOPE, WRITE_SCOPE] if WRITE_SCOPE in known else [READ_SCOPE]
