-- How far the clock that all nodes of a shared ledger follow is ahead of the database's own: a database whose clock was
-- set back must not make calls count again that have ceased to. A file of one node follows that node's clock.
CREATE TABLE quota_clock (
    id       INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    ahead_ms BIGINT  NOT NULL
);
