import socket

from realstack.servers.ports import HOST, answers, free_ports, says_taken


def test_free_ports_are_distinct_and_can_be_bound() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    for port in ports:
        with socket.socket() as listener:
            listener.bind((HOST, port))


def test_a_port_answers_only_while_something_listens() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        assert answers(HOST, port)
    assert not answers(HOST, port)


def test_the_words_for_a_taken_port_are_known_in_each_server_s_log() -> None:
    assert says_taken("org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:9092")
    assert says_taken("Could not create Server TCP listening socket 127.0.0.1:6379: bind: Address already in use")
    assert says_taken("127.0.0.1:7000 is in use by another process.  java.net.BindException: Address already in use")
    assert not says_taken("OutOfMemoryError")
