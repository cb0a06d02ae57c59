package com.example.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;

/** A client of the SEI API Platform as a team would write it: the code under test. */
public final class Ledger {
    /** What the platform's portal gives to an application. */
    public record Credentials(String appKey, String appSecret, String username, String password) {}

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final String baseUrl;
    private final Credentials credentials;
    private final HttpClient http;
    private String token;

    /**
     * @param baseUrl of the two-way listener
     * @param tls has the CA and the certificate of the service account
     */
    public Ledger(String baseUrl, Credentials credentials, SSLContext tls) {
        this.baseUrl = baseUrl;
        this.credentials = credentials;
        this.http = HttpClient.newBuilder().sslContext(tls).connectTimeout(TIMEOUT).build();
    }

    /** The names of all investors, from all pages. */
    public List<String> investors() throws IOException, InterruptedException {
        List<String> names = new ArrayList<>();
        String next = baseUrl + "/v2/investors?limit=50";
        while (next != null) {
            JsonNode page = get(next);
            page.path("data").forEach(each -> names.add(each.path("name").asText()));
            next = page.path("paging").path("next").asText(null);
        }
        return names;
    }

    /** Renews the token once, and waits once when the platform asks for it. */
    private JsonNode get(String url) throws IOException, InterruptedException {
        boolean renewed = false;
        boolean waited = false;
        while (true) {
            if (token == null) {
                token = authorize();
            }
            HttpResponse<String> response =
                    http.send(
                            request(url)
                                    .header("AppKey", credentials.appKey())
                                    .header("Authorization", "Bearer " + token)
                                    .build(),
                            BodyHandlers.ofString());
            if (response.statusCode() == 401 && !renewed) {
                renewed = true;
                token = null;
            } else if (response.statusCode() == 503 && !waited) {
                waited = true;
                Thread.sleep(1000 * response.headers().firstValueAsLong("Retry-After").orElse(0));
            } else {
                return contentOf(response);
            }
        }
    }

    private String authorize() throws IOException, InterruptedException {
        Map<String, String> form =
                Map.of(
                        "grant_type", "client_credentials",
                        "username", credentials.username(),
                        "password", credentials.password());
        String keys = credentials.appKey() + ":" + credentials.appSecret();
        String pair = Base64.getEncoder().encodeToString(keys.getBytes(StandardCharsets.UTF_8));
        HttpRequest request =
                request(baseUrl + "/v2/oauthtoken")
                        .header("Authorization", "Basic " + pair)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(BodyPublishers.ofString(encoded(form)))
                        .build();
        return contentOf(http.send(request, BodyHandlers.ofString())).path("access_token").asText();
    }

    private static HttpRequest.Builder request(String url) {
        return HttpRequest.newBuilder(URI.create(url)).timeout(TIMEOUT);
    }

    private static String encoded(Map<String, String> form) {
        return form.entrySet().stream()
                .map(each -> each.getKey() + "=" + URLEncoder.encode(each.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
    }

    private static JsonNode contentOf(HttpResponse<String> response) throws IOException {
        if (response.statusCode() != 200) {
            throw new IOException(response.uri().getPath() + ": " + response.statusCode());
        }
        return JSON.readTree(response.body());
    }
}
