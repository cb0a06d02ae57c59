import java.io.FileInputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A token by client_credentials and a functional call, over two-way TLS with a key store.
 *
 * <p>java TwoWayCall.java URL APP_KEY APP_SECRET USERNAME PASSWORD TRUSTSTORE [KEYSTORE], both
 * stores with the passphrase of the environment's STORE_PASSWORD. Prints the status of the call, or
 * of the token request where that is refused.
 */
public final class TwoWayCall {
  private static final Pattern TOKEN = Pattern.compile("\"access_token\"\\s*:\\s*\"([^\"]+)\"");

  private TwoWayCall() {}

  public static void main(String[] arguments) throws Exception {
    String url = arguments[0];
    HttpClient client =
        HttpClient.newBuilder()
            .sslContext(context(arguments[5], arguments.length > 6 ? arguments[6] : null))
            .build();
    String pair = arguments[1] + ":" + arguments[2];
    String form =
        "grant_type=client_credentials&username="
            + URLEncoder.encode(arguments[3], StandardCharsets.UTF_8)
            + "&password="
            + URLEncoder.encode(arguments[4], StandardCharsets.UTF_8);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + "/v2/oauthtoken"))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(pair.getBytes()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build();
    HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
    Matcher token = TOKEN.matcher(answer.body());
    if (!token.find()) {
      System.out.println(answer.statusCode() + " " + answer.body());
      return;
    }
    HttpRequest call =
        HttpRequest.newBuilder(URI.create(url + "/v1/order/tradetickets"))
            .header("AppKey", arguments[1])
            .header("Authorization", "Bearer " + token.group(1))
            .build();
    System.out.println(client.send(call, HttpResponse.BodyHandlers.ofString()).statusCode());
  }

  private static SSLContext context(String trustStore, String keyStore) throws Exception {
    char[] password = System.getenv("STORE_PASSWORD").toCharArray();
    TrustManagerFactory trusted =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trusted.init(load(trustStore, password));
    KeyManager[] keys = null;
    if (keyStore != null) {
      KeyManagerFactory own =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      own.init(load(keyStore, password), password);
      keys = own.getKeyManagers();
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, trusted.getTrustManagers(), null);
    return context;
  }

  private static KeyStore load(String file, char[] password) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    try (FileInputStream content = new FileInputStream(file)) {
      store.load(content, password);
    }
    return store;
  }
}
