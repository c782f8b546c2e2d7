"""Tables, queries and bulk columns on SQLite and PostgreSQL; the only room that knows SQLAlchemy."""
