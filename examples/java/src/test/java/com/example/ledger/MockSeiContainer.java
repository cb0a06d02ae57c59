package com.example.ledger;

import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

/**
 * The image of mock-sei in a container. It starts when the first test asks for it, and Testcontainers
 * removes it when the tests have ended.
 */
final class MockSeiContainer {
    private static final int TWO_WAY = 444;
    private static final int CONTROL = 8044;

    private static final GenericContainer<?> CONTAINER = start();

    private MockSeiContainer() {}

    static String controlUrl() {
        return "http://" + address(CONTROL);
    }

    static String twoWayUrl() {
        return "https://" + address(TWO_WAY);
    }

    private static String address(int port) {
        return CONTAINER.getHost() + ":" + CONTAINER.getMappedPort(port);
    }

    // Testcontainers closes the container; the tests of this process share it until then.
    @SuppressWarnings("resource")
    private static GenericContainer<?> start() {
        String image = System.getenv().getOrDefault("MOCK_SEI_IMAGE", "mock-sei");
        // The name by which the tests reach the container must be in the server's certificate.
        String host = DockerClientFactory.instance().dockerHostIpAddress();
        GenericContainer<?> container =
                new GenericContainer<>(DockerImageName.parse(image))
                        .withExposedPorts(TWO_WAY, CONTROL)
                        .withEnv("MOCK_SEI_HOSTNAME", host)
                        .waitingFor(Wait.forHttp("/health").forPort(CONTROL));
        container.start();
        return container;
    }
}
