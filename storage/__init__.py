"""Tables, queries and bulk columns on both databases; the only room that knows SQLAlchemy."""
