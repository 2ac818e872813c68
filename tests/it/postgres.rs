//! Does the PostgreSQL that the tests start obey: stop, kill -9, freeze, come back, follow, take over?

use bawaba_tests::postgres::{DATABASE, Postgres};

#[test]
fn the_server_of_the_tests_is_real_and_obeys() {
    let mut server = Postgres::start();
    server.sql(DATABASE, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)");
    server.pause();
    server.resume();
    server.kill();
    server.restart();
    assert_eq!(server.sql(DATABASE, "SELECT n FROM kept"), "1");
    server.stop();
    server.restart();
    let standby = server.standby();
    assert_eq!(standby.sql(DATABASE, "SELECT n, pg_is_in_recovery() FROM kept"), "1|t");
    server.kill();
    standby.promote();
    assert_eq!(standby.sql(DATABASE, "INSERT INTO kept VALUES (2) RETURNING n"), "2");
}
