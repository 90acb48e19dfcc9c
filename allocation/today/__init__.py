"""The first page of everybody: what needs me, what is due, what runs."""
