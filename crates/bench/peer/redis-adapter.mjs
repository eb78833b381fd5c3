// Keeps node-oidc-provider's artefacts in Redis: a hash for what can be consumed, else a string, each with its expiry.

const CONSUMABLE = new Set(["AuthorizationCode", "RefreshToken", "DeviceCode"]);
const GRANTABLE = new Set(["AccessToken", "AuthorizationCode", "RefreshToken", "DeviceCode"]);

/** A class of adapters that use one connection and keys that begin with `prefix`. */
export function redisAdapter(redis, prefix) {
  const key = (model, id) => `${prefix}${model}:${id}`;
  const grantKey = (id) => `${prefix}grant:${id}`;

  return class RedisAdapter {
    constructor(model) {
      this.model = model;
    }

    async upsert(id, payload, expiresIn) {
      const own = key(this.model, id);
      const text = JSON.stringify(payload);
      const many = redis.multi();
      if (CONSUMABLE.has(this.model)) {
        many.hset(own, "payload", text);
        if (expiresIn) many.expire(own, expiresIn);
      } else if (expiresIn) {
        many.set(own, text, "EX", expiresIn);
      } else {
        many.set(own, text);
      }
      if (GRANTABLE.has(this.model) && payload.grantId) {
        const grant = grantKey(payload.grantId);
        many.sadd(grant, own);
        if (expiresIn) many.expire(grant, expiresIn, "NX").expire(grant, expiresIn, "GT");
      }
      for (const [name, value] of [["uid", payload.uid], ["userCode", payload.userCode]]) {
        if (value) many.set(key(name, value), id, "EX", expiresIn || 3600);
      }
      await many.exec();
    }

    async find(id) {
      const own = key(this.model, id);
      if (!CONSUMABLE.has(this.model)) {
        const text = await redis.get(own);
        return text ? JSON.parse(text) : undefined;
      }
      const [text, consumed] = await redis.hmget(own, "payload", "consumed");
      if (!text) return undefined;
      const payload = JSON.parse(text);
      return consumed ? { ...payload, consumed: Number(consumed) } : payload;
    }

    async findBy(name, value) {
      const id = await redis.get(key(name, value));
      return id ? this.find(id) : undefined;
    }

    async findByUid(uid) {
      return this.findBy("uid", uid);
    }

    async findByUserCode(userCode) {
      return this.findBy("userCode", userCode);
    }

    async consume(id) {
      await redis.hset(key(this.model, id), "consumed", Math.floor(Date.now() / 1000));
    }

    async destroy(id) {
      await redis.del(key(this.model, id));
    }

    async revokeByGrantId(grantId) {
      const grant = grantKey(grantId);
      const members = await redis.smembers(grant);
      await redis.del(grant, ...members);
    }
  };
}
