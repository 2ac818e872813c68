//! What all nodes remember for a while: one suite against a real Redis, a real cluster, and this process.

use bawaba_tests::redis::{Redis, RedisCluster};

#[test]
fn the_servers_of_these_tests_do_what_is_asked_of_them() {
    let redis = Redis::start();
    assert!(redis.cli(&["SET", "bawaba:x", "1"]).contains("OK"));
    redis.lose_memory();
    assert_eq!(redis.cli(&["EXISTS", "bawaba:x"]).trim(), "0");
    let durable = Redis::durable();
    assert!(durable.cli(&["SET", "bawaba:x", "1"]).contains("OK"));
    durable.kill();
    durable.start_again();
    assert_eq!(durable.cli(&["EXISTS", "bawaba:x"]).trim(), "1");
    let cluster = RedisCluster::start();
    assert!(cluster.is_whole());
    assert_eq!(cluster.holder_of("bawaba:x").cli(&["EXISTS", "bawaba:x"]).trim(), "0");
}
