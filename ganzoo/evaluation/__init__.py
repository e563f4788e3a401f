"""Images become features, and features become scores with a protocol. Nothing here knows a run folder."""
