import { type Admin, type Kafka } from 'kafkajs';

/**
 * Questions to the brokers over one connection, made when it is needed and made again after a question failed: kafkajs keeps asking
 * a broker that it lost.
 */
export class KafkaAdmin {
  private admin: Promise<Admin> | undefined;

  constructor(private readonly kafka: Kafka) {}

  /** @throws what kafkajs throws when no broker replies */
  async ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const connected = (this.admin ??= this.connect());
    try {
      return await question(await connected);
    } catch (thrown) {
      // Another question may have found it out before.
      if (this.admin === connected) this.drop();
      throw thrown;
    }
  }

  /** Does not wait for a broker. */
  close(): void {
    this.drop();
  }

  private async connect(): Promise<Admin> {
    const admin = this.kafka.admin();
    await admin.connect();
    return admin;
  }

  private drop(): void {
    void this.admin?.then((admin) => admin.disconnect()).catch(() => undefined);
    this.admin = undefined;
  }
}
