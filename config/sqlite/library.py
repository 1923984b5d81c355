"""Put `pysqlite3` in the place of `sqlite3` before anything imports it."""

import sys

try:
    import pysqlite3
    import pysqlite3.dbapi2
except ImportError:
    BUNDLED = False
else:
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
    BUNDLED = True
