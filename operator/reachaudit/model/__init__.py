"""Facts: the few fields of API objects that decide who reaches what. No I/O, no clock."""
